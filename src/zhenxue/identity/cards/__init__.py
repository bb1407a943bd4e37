"""Reading identity cards: pictures made safe, text read in a process of its own, parsed, the portrait cut out.

No tables, no Django: the reader runs alone, and is gone with its memory when it is done.
"""
