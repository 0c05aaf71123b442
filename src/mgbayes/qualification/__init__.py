"""Qualification of an installation: does this machine compute what others computed from the same numbers?"""
