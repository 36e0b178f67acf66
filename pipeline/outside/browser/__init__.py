"""Chromium, driven by Selenium."""
