# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from ..enums import OpenEnum


class AccountingRecordType(OpenEnum):
    """What kind of event the record stands for.

    - CARD_EXPENSE_POST: a purchase by card has been posted and settled.
    - CARD_EXPENSE_REPAYMENT: an employee paid the company back for a card purchase.
    - REIMBURSEMENT_EXPENSE_REPAYMENT: a reimbursement was paid back.
    - REIMBURSEMENT_EXPENSE_APPROVAL: a reimbursement was approved; the accrual view.
    - REIMBURSEMENT_EXPENSE_MONEY_MOVEMENT_PAYOUT: money went out to the employee or a third party.
    - REIMBURSEMENT_EXPENSE_MONEY_MOVEMENT_PAYIN: the customer paid Brex.
    - REIMBURSEMENT_EXPENSE_POST: a reimbursement was carried out; the cash view.
    - CARD_PAYMENT: the customer paid Brex towards its card balance.
    - REWARD_REDEMPTION: the customer redeemed a reward.
    - REIMBURSEMENT_EXPENSE_MONEY_MOVEMENT_REFUND: money went back to the customer's bank.
    - CARD_EXPENSE_REFUND: a merchant refunded a card purchase.
    - CARD_PAYMENT_REFUND: Brex returned what the customer had overpaid.
    - REIMBURSEMENT_EXPENSE_MONEY_MOVEMENT_PAYOUT_REVERSAL: a payout was reversed.
    - INVOICE: an invoice; Brex lists the value without explaining it.
    - INVOICE_PAYMENT: the payment of an invoice; Brex lists the value without explaining it.
    - BILL_EXPENSE: a bill came into being.
    - BILL_EXPENSE_PAYMENT: a bill was paid by ACH or wire.
    - BILL_EXPENSE_CARD_PAYMENT: a bill was paid with a Brex card.
    - BILL_MONEY_MOVEMENT_PAYIN: a pay-in for a bill; Brex lists the value without explaining it."""

    CARD_EXPENSE_POST = "CARD_EXPENSE_POST"
    CARD_EXPENSE_REPAYMENT = "CARD_EXPENSE_REPAYMENT"
    REIMBURSEMENT_EXPENSE_REPAYMENT = "REIMBURSEMENT_EXPENSE_REPAYMENT"
    REIMBURSEMENT_EXPENSE_APPROVAL = "REIMBURSEMENT_EXPENSE_APPROVAL"
    REIMBURSEMENT_EXPENSE_MONEY_MOVEMENT_PAYOUT = "REIMBURSEMENT_EXPENSE_MONEY_MOVEMENT_PAYOUT"
    REIMBURSEMENT_EXPENSE_MONEY_MOVEMENT_PAYIN = "REIMBURSEMENT_EXPENSE_MONEY_MOVEMENT_PAYIN"
    REIMBURSEMENT_EXPENSE_POST = "REIMBURSEMENT_EXPENSE_POST"
    CARD_PAYMENT = "CARD_PAYMENT"
    REWARD_REDEMPTION = "REWARD_REDEMPTION"
    REIMBURSEMENT_EXPENSE_MONEY_MOVEMENT_REFUND = "REIMBURSEMENT_EXPENSE_MONEY_MOVEMENT_REFUND"
    CARD_EXPENSE_REFUND = "CARD_EXPENSE_REFUND"
    CARD_PAYMENT_REFUND = "CARD_PAYMENT_REFUND"
    REIMBURSEMENT_EXPENSE_MONEY_MOVEMENT_PAYOUT_REVERSAL = "REIMBURSEMENT_EXPENSE_MONEY_MOVEMENT_PAYOUT_REVERSAL"
    INVOICE = "INVOICE"
    INVOICE_PAYMENT = "INVOICE_PAYMENT"
    BILL_EXPENSE = "BILL_EXPENSE"
    BILL_EXPENSE_PAYMENT = "BILL_EXPENSE_PAYMENT"
    BILL_EXPENSE_CARD_PAYMENT = "BILL_EXPENSE_CARD_PAYMENT"
    BILL_MONEY_MOVEMENT_PAYIN = "BILL_MONEY_MOVEMENT_PAYIN"
