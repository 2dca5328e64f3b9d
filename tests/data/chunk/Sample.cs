using System;

namespace Example.App
{
    /// <summary>Keeps users.</summary>
    [Serializable]
    public class UserService : IService
    {
        private readonly List<User> users;
        public string Name { get; set; }

        public UserService(List<User> users)
        {
            this.users = users;
        }

        /// <summary>Finds one.</summary>
        [Obsolete]
        public User? Find(string name)
        {
            return users.FirstOrDefault(u => u.Name == name);
        }
    }

    public interface IService
    {
        User? Find(string name);
    }

    public record User(string Name, int Age);

    public struct Point { public int X; }

    public enum State { On, Off }

    public delegate void Handler(object sender);
}
