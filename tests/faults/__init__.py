"""`make faults`: topics between bad networks, dying servers and a failing Redis and database.

Each row lets clients outside follow a topic through one kind of fault and is judged by nothing
but what they wrote down.
"""
