"""What runs on a device, one folder per family, runnable here: speaks the real protocol.

A firmware knows the wire format and nothing of the gateway: no import of `gateway`, `alerts` or
`devices`. `native.py` is what all families of our own protocol share; `patients/` makes up the
people of a virtual ward and what their instruments would say.
"""
