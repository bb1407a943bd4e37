"""Zhenxue (真学): vocational training whose class hours can be proven."""

__version__ = "0.1.0"
