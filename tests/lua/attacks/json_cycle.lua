-- expect: levels
return { run = function()
  local t = {}
  t[1] = t
  return json.encode(t)
end }
