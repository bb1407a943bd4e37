"""The demo city: everything in it is made through the operations of the apps, at simulated times in the recent past.

Organisations and people carry placeholder names (学员甲子 …) and numbers that are valid by their standards; none
of them stands for anybody. ``build`` makes it once; ``zhenxue demo`` calls it.
"""
