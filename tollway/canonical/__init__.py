"""The business objects every layer speaks of, in the field's standard terms; msgspec structs only.

`Record` is what they derive from: immutable, keyword-only, and refusing fields it does not know.
"""
