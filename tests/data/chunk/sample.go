// Package server serves.
package server

import (
	"fmt"
)

const Limit = 10

var (
	a = 1
	b = 2
)

// Server holds the state.
type Server struct {
	Port int
}

type Handler interface {
	Serve() error
}

type ID = string

// Start listens.
func (s *Server) Start(addr string) error {
	return fmt.Errorf("no %s", addr)
}

func (l *List[T]) Len() int { return 0 }

func New() *Server {
	return &Server{}
}
