"""The state database: anchors, links, transactions, logs and what waits."""
