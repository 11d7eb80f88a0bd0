"""Copies of the package for the source tree of another project, where they live under a parent package of its own.

``brex-accounting vendor`` is the command. A copy holds the parts that were asked for, says in a manifest what it was
made from, and can be moved: nothing in it imports anything of it by an absolute name.
"""
