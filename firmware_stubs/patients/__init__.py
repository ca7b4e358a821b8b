"""Made-up patients of a virtual ward: whole histories from a seed, with the truth beside them.

Pure: numbers in, values out; no clock, no file, no network. The one source of chance is the seed
(`streams.py`), and only exact arithmetic is used, so one seed is one history everywhere. Nothing
here knows a rule or a limit of ours: a generator that did would prove what it had assumed.

`ward.Ward` is the door; README.md beside this file lists every assumption with its source. Nobody
in it exists. Figures made with it say how rules compare on these assumptions, never how well they
would do for people.
"""
