"""The honest benchmark, `lifeline bench`: offered-rate ladders over ourselves and over others.

    system      what a system under test is (the interface that peers implement)
    server      the PostgreSQL every system is given: same binary, same settings
    wire, load  the load program: raw MQTT 3.1.1, pre-encoded, a process of its own
    loading     the other end of it: starts it, tells it the steps, reads its samples
    ourselves   the gateway under test, the real `lifeline up`
    proofs      what makes a row REFUSED: a lost message, an acknowledgement before its commit
    figures     percentiles, growth of the backlog, noise, agreement of two runs (pure)
    step, climb one rate held for some seconds; rising rates, rounds, modes
    report      tables, plot, files

It measures; it is no part of the way of a press.
"""
