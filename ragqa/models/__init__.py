"""Models on this machine: find their files, compile and run them. Knows nothing of what they are for."""
