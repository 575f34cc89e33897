-- 3,000 tasks, each in the one before: what ends costs no more than what it started.
local function deep(n)
  if n == 0 then return 0 end
  return task.all { function() return deep(n - 1) end }[1] + 1
end

return {
  run = function()
    assert(deep(64) == 64)
    assert(deep(3000) == 3000)
  end,
}
