"""Figures in the words of Plotly, as plain dicts: what the browser's plotly.js draws.

Colours are names of the sheet's variables (`var(--m3)`); static/js/charts.js puts in what they are in light or in dark. Each
point's `customdata` is the address of the accounts behind it. Texts are ready to be read: numbers, days and money in the
reader's language.
"""
