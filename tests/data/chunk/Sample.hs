{-# LANGUAGE OverloadedStrings #-}
module Data.Sample (run) where

import Data.List (sort)

-- | A shape.
data Shape
  = Circle Double
  | Square Double
  deriving (Show)

newtype Age = Age Int

type Name = String

class HasArea a where
  area :: a -> Double

instance HasArea Shape where
  area (Circle r) = pi * r * r
  area (Square s) = s * s

-- | Runs it.
run :: Int -> Int
run 0 = 1
run n = n * run (n - 1)

helper x = x + 1
