async def play(*a, **k): return 0
