"""What ``brex-accounting export mapping`` prints: a mapping to begin with."""

from __future__ import annotations

from typing import Final

from ..shell import COMMAND

EXAMPLE: Final = f"""\
# Which account of the books each line of a record is booked to; docs/beancount.md describes it.
# The numbers and accounts below are an example: put your own there. A line that leads to no account is refused, and
# Brex is told so; `{COMMAND} export plan` shows what would be refused before anything is written.

[ledger]
prices = true # what was bought in another currency stands there in that one, at its total price
open_accounts = true # accounts that the books do not open are opened
open_date = 1970-01-01 # what these are dated
operating_currency = "USD" # what Fava shows totals in
# fava_url = "http://localhost:5000/books" # links of entries lead there

[account]
field = "account" # remote_field_id, or brex_field_id, of the field that tells the account
# unmapped = "Expenses:Unmapped" # for values that [accounts] does not name; without it they are refused

[accounts] # remote_field_value_id, or brex_field_value_id = the account in the books
"1000" = "Assets:Bank:Checking"
"1090" = "Assets:Clearing:Brex"
"2000" = "Liabilities:Payable:Vendors"
"2100" = "Liabilities:Brex:Card"
"2150" = "Liabilities:Payable:Employees"
"2200" = "Liabilities:Withheld"
"6310" = "Expenses:Software:Hosting"
"6320" = "Expenses:Software:Subscriptions"
"6410" = "Expenses:Travel:Journeys"
"6420" = "Expenses:Meals"
"6430" = "Expenses:Travel:Rides"
"6440" = "Expenses:Conferences"
"6450" = "Expenses:Training"
"6500" = "Expenses:Office:Supplies"
"6510" = "Expenses:Office:Equipment"
"6530" = "Expenses:Shipping"
"6550" = "Expenses:Clothing"
"6600" = "Expenses:Marketing"
"6700" = "Expenses:Legal"
"6800" = "Expenses:Bank-Charges"
"7000" = "Income:Rewards"

# Lines whose account nobody has chosen in Brex are refused, so that somebody does, unless an account stands here:
#
# [default]
# debit = "Expenses:Uncategorized"
# credit = "Liabilities:Brex:Card"
# CARD_PAYMENT = {{ debit = "Liabilities:Brex:Card" }} # the same for one type of record

[metadata] # key in the books = remote_field_id, or brex_field_id, of another field of the lines
department = "department"
project = "ef_103"
"""
"""A whole mapping with comments."""

__all__ = ["EXAMPLE"]
