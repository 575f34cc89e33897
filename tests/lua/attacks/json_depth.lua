-- expect: levels
return { run = function()
  local t = {}
  for _ = 1, 200 do t = { t } end
  return json.encode(t)
end }
