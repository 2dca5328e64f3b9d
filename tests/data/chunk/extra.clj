(ns foo.bar)
(defn hello [x] (str x))
(def y 1)
