-- expect: limit:
return { limits = { phase_cpu_s = 0.3 }, run = function()
  local function f() return 1 + f() end
  while true do pcall(f) end
end }
