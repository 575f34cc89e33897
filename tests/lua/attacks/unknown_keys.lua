-- expect: input field 'n': unknown key 'x11'
local field = { name = "n" }
for i = 40, 11, -1 do field["x" .. i] = 1 end
return { input = { field }, run = function() end }
