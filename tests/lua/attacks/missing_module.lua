-- expect: no module 'phases/writng'; did you mean 'phases/writing'?
local writing = require "phases.writng"
return { run = function() return writing end }
