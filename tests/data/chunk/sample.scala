package com.example

import scala.util.Try

/** A user. */
case class User(name: String, age: Int)

trait Shape {
  def area: Double
}

class Server(port: Int) extends Base {
  private val users = List.empty[User]

  /** Adds one user, unless the server is full already and cannot take more. */
  @tailrec
  final def add(user: User): Boolean = {
    users.contains(user)
  }

  def stop(): Unit = ()
}

object Server {
  val Limit = 10
  def create(): Server = new Server(80)
}

type Handler = String => Unit

enum Colour:
  case Red, Green
