local M = {}

local LIMIT = 10

--- Adds two numbers.
-- @param a first
local function add(a, b)
  return a + b
end

function M.sub(a, b)
  return a - b
end

function M:method(x)
  self.x = x
end

M.mul = function(a, b)
  return a * b
end

local div = function(a, b)
  return a / b
end

return M
