-- expect: 'timeout' must be from 0
return {
  run = function()
    gate.ask { title = "?", choices = { "yes" }, timeout = 1e300, on_timeout = "yes" }
  end,
}
