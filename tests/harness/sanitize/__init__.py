"""`scripts/sanitize`: the module inside nginx under sanitizers, with everything hostile that we know thrown at it.

`__main__` and `run` are what is done and told; `site` is the nginx.conf, `instrumented` the nginx; `flood`
throws `hostile` seeds, changed by `mutation`; `people` log in and out meanwhile and hang up; `memory` and
`reports` are looked at. `wrong.rs` does what must be found, `watch.rs` tells how much memory is in use.
"""
