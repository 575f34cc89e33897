-- expect: go
return { limits = { phase_cpu_s = 0.3 }, run = function()
  local x <close> = setmetatable({}, { __close = function() while true do end end })
  error("go")
end }
