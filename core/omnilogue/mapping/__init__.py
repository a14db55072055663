"""What messages and conversations become on a remote, and what they lose: pure functions of its features."""
