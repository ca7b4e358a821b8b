"""The desk of an alarm receiving centre: the queue, the case, and what stands around them.

words, items, brief, sheet, closing, links   pure: stored values in, what the screen says out
reading, casefile                            the SQL of the desk, and its audit
pages, acts, calls, ...                      routes: pages under /console, acts under /api/v1
"""
