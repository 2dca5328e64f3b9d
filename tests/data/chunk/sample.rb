require "json"

LIMIT = 10

module Net
  # A server that keeps every connection that it ever accepted in one list.
  class Server < Base
    attr_reader :port

    # Starts it.
    def initialize(port)
      @port = port
    end

    def self.start(port)
      new(port).tap { |server| server.listen; server.accept_all }
    end

    def stop?
      !@running
    end
  end
end

def helper(x)
  x * 2
end
