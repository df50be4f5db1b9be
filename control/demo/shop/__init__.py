"""The demo company's shop: a site as customers of Clicktrail have one, with the snippet in its pages.

It knows nothing of Clicktrail but what the developers' guide tells: the tag, `clicktrail('event', …)` on the thank-you
page, and a server-side report with a secret key. Orders live in memory.
"""
