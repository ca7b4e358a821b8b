"""The only place that imports psycopg: connections, transactions and the named queries.

Contract: every function takes an open transaction's connection and the gateway's `now`; none
decides anything, none sleeps. What the server refuses becomes one of the three StoreErrors.
"""
