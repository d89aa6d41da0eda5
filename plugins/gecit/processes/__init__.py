"""What each process starts, watches and stops."""
