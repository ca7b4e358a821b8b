"""The HTTP side: the built-in UCR desk, operators' acts, health, metrics and the document of it.

Thin: every route reads, or brings one event to one case (gateway/acts.py), and says what became
of it. Who may call what stands in one table (auth.py).
"""
