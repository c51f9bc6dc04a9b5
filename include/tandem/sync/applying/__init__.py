"""Carrying plans out: writes, answers, accounts."""
