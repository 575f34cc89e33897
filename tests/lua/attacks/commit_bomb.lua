-- expect: limit: what waits to be written or asked
return { run = function()
  local text = ("x"):rep(8000000)
  artifact.commit(function()
    for i = 1, 100 do artifact.put(i .. ".md", text) end
  end)
end }
