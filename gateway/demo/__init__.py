"""`lifeline demo`: a case study played through the real gateway, on this machine, measured.

    stories.py, by_phone.py   what happens, as data
    house.py, people.py       a gateway of its own with fictional people, gone at the end
    ways.py, around.py        other ways in and out, and what stands around the gateway for them
    broker.py, radio.py, practice.py
                              a Mosquitto, a serial receiver, a service with a system of its own
    staging.py                the cast enrolled, tokens given, her unit connected
    desk.py, pendant.py       the hands of people and devices: HTTP and MQTT, nothing behind them
    observe.py                who watches what was committed, apart from those who act
    acting.py, passing.py     one step done and measured; the time between two steps
    agree.py                  what a record says, held against what is expected
    figures.py                200 presses, measured
    goals.py                  what each machine step should take
    screen.py, report.py      what a person sees
    play.py                   one run from the first line to the last

It uses nobody's settings, database or rules: no fictional person is ever played into a real desk.
"""
