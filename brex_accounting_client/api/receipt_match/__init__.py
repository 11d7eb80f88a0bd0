# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
"""Contains endpoint functions for accessing the API"""
