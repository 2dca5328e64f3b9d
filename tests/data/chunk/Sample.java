package com.example.app;

import java.util.List;

/**
 * Keeps users.
 */
@Service
public class UserService implements Service {
    private static final int LIMIT = 10;
    private final List<User> users;

    public UserService(List<User> users) {
        this.users = users;
    }

    /** Finds one. */
    @Override
    public User find(String name) {
        return users.stream().filter(u -> u.name().equals(name)).findFirst().orElse(null);
    }

    enum State { ON, OFF }

    static class Holder {
        int value;
    }
}

interface Service {
    User find(String name);
}

record User(String name, int age) {}

@interface Marker {}
