"""Passwords of tests protect nothing: they are hashed quickly. Servers that tests start keep the real cost."""

from zhenxue.identity.passwords import Argon2Hasher


class QuickHasher(Argon2Hasher):
    time_cost = 1
    memory_cost = 64
