"""Who is told when a run has failed, is partial, is late, or waits for an approval."""
