"""NumPy reference of the course's layers: forward, backward and running statistics.

One module per lesson; they import NumPy and nothing else, and are meant to be read.
"""
