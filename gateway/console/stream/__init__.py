"""The live stream: what every console sees within moments of its commit.

feed.py      reads alarms: one at each notice of a commit, all open ones every 2 s
hub.py       who is connected; hands each change to all of them
client.py    one browser's bounded queue; what overflows it is replaced by a snapshot
presence.py  whose console is there, written down for the other processes
routes.py    GET /console/stream, POST /console/seen
"""
