"""Fakes with behaviour, contract suites and real servers, for the tests of applications as for our own."""
