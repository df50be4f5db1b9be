"""Who earns a conversion: paths, weights, exact splitting, the live ledger of credits.

A fact (click, landing, conversion, refund, observation, changed definition) marks identifiers dirty in its own
transaction. A credit pass (`credit_pass`) takes them, asks `control.identity` for the histories of the people they
belong to, and for each conversion of such a person

    counting    decides whether the definition's rule counts it,
    paths       takes the touches inside the attribution window, in order of (time, touch id),
    refunds     clamps its refunds to its amount,
    weights     gives each touch an integer weight under every model,
    split       turns weights into millionths of a conversion and minor units of money that add up exactly,
    ledger      appends a version to the conversion's ledger if anything differs from the open one.

All but the pass and `store` are pure functions of values. The same weights and splits exist once more as SQL
(`sql/`, assembled by `sql.py`), for work on whole tables; the tests hold both equal, and `check` proves the stored
ledger by it.
"""
