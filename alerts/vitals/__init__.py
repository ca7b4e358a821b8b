"""What vital signs mean. Interprets them, so it may be a medical device: it can be switched off.

Intended purpose: to help clinicians of a virtual ward see deterioration early. It decides nothing
about an alarm and never stands between a call for help and a person.
"""
