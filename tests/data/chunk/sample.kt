package com.example

import kotlin.math.max

const val LIMIT = 10

/** A user. */
@Serializable
data class User(val name: String, val age: Int)

interface Shape {
    fun area(): Double
}

class Server(private val port: Int) : Base() {
    private val users = mutableListOf<User>()

    /** Adds one. */
    fun add(user: User): Boolean {
        return users.add(user) && users.size < LIMIT && port > 0
    }

    companion object {
        fun create(): Server = Server(80)
    }
}

object Registry {
    val servers = listOf<Server>()
}

enum class Colour { RED, GREEN }

typealias Handler = (String) -> Unit

fun String.shout(): String {
    return uppercase()
}
