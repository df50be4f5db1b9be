"""What locust's users do. One class a scenario; `loadtests/locustfile.py` lists them."""
