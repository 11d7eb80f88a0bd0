"""Whether this run is ``make soak``, which takes its time."""

import os

SOAK = os.environ.get("HYPOTHESIS_PROFILE") == "soak"
"""Scales budgets; what is run in soaks alone carries the mark ``soak`` instead."""
