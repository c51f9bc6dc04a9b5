"""The approval that a sync may need before it goes on: the task, what it asks, and the answer."""
