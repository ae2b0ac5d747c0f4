"""Made-up loans for examples/credit_risk.py: words and numbers of each, and whether it was paid back.

Drawn with a seed, so that every machine has the same rows. What a loan is for and how its taker lives
matter together, which lines can't tell and trees can.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

ROWS = 4000
PURPOSES = ["business", "car", "education", "furniture", "repairs", "travel"]
HOUSING = ["family", "own home", "renting"]
EMPLOYMENT = ["employed", "retired", "self-employed", "unemployed"]
SAVINGS = ["little", "moderate", "none", "plenty"]


def loans() -> pd.DataFrame:
    draw = np.random.Generator(np.random.PCG64(2026))
    purpose, housing = draw.choice(PURPOSES, ROWS), draw.choice(HOUSING, ROWS, p=[0.2, 0.45, 0.35])
    employment, savings = draw.choice(EMPLOYMENT, ROWS, p=[0.6, 0.12, 0.2, 0.08]), draw.choice(SAVINGS, ROWS)
    amount = np.exp(draw.normal(8.6, 0.8, ROWS)).round(2)
    months = draw.choice([6, 12, 24, 36, 48, 60], ROWS)
    age, income = draw.integers(19, 76, ROWS), np.exp(draw.normal(7.7, 0.4, ROWS)).round(2)
    burden = amount / months / income
    risk = 1.1 + 0.7 * np.log(burden) - 1.2 * np.isin(savings, ["moderate", "plenty"]) - 1.0 * (housing == "own home")
    risk += 1.8 * (employment == "unemployed") + 2.0 * ((purpose == "business") & (employment == "self-employed"))
    risk += 1.8 * ((purpose == "travel") & (age < 30))
    outcome = np.where(draw.uniform(size=ROWS) < 1 / (1 + np.exp(-risk)), "default", "paid")
    return pd.DataFrame({"purpose": purpose, "housing": housing, "employment": employment, "savings": savings, "amount": amount,
                         "months": months.astype("int32"), "age": age.astype("int32"), "income": income, "outcome": outcome})
