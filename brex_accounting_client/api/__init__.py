# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
"""Contains methods for accessing the API"""
