"""What devices say, understood: bytes in, Signals out. Pure: imports nothing of ours."""
